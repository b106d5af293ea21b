/** What to tell people when a download fails, and what they can do about it. */
import { ConfigError, DataError, EnvironmentError, TunewrightError } from "../util/errors.js";
import type { RepositoryName } from "./name.js";
import { showRepository } from "./name.js";
import { AnswerError, ConnectionError } from "./request.js";
import type { HubSettings } from "./settings.js";

/** An error of ours, whatever went wrong with a repository of the hub. */
export function explainHubError(
  error: unknown,
  repository: RepositoryName,
  settings: HubSettings,
): unknown {
  const what = `${kindOf(repository)} ${showRepository(repository)}`;
  if (error instanceof AnswerError) return explainAnswer(error, what, repository, settings);
  return explainError(error, `${what} is no path here and cannot be downloaded`, settings);
}

/** An error of ours for a connection that failed or a disk that cannot be written. */
export function explainError(error: unknown, what: string, settings: HubSettings): unknown {
  if (error instanceof TunewrightError) return error;
  if (error instanceof ConnectionError) {
    const { host, origin } = new URL(error.url);
    return new EnvironmentError(what, {
      why: `${host}: ${error.message}`,
      todo: /CERT|SELF_SIGNED/.test(error.code)
        ? "if a proxy of your company signs the traffic, name its certificate in NODE_EXTRA_CA_CERTS"
        : origin === new URL(settings.endpoint).origin
          ? "check the network; HF_ENDPOINT names a mirror of the hub; or copy the files here and give their path"
          : "check the network, or copy the files here and give their path",
      cause: error,
    });
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^E(NOSPC|DQUOT|ACCES|PERM|ROFS|NOTDIR|EXIST)$/.test(code)) return error;
  return new EnvironmentError(what, {
    why: error instanceof Error ? error.message : code,
    todo: /NOSPC|DQUOT/.test(code)
      ? "make room, or name a folder on another disk in HF_HOME"
      : "name a folder that can be written to in HF_HOME",
    cause: error,
  });
}

/** An error for something of a repository that is not there: a matter of data, or of configuration. */
function missingError(
  repository: RepositoryName,
  what: string,
  detail: { why?: string; todo?: string; cause?: unknown },
): TunewrightError {
  return repository.type === "dataset"
    ? new DataError(what, detail)
    : new ConfigError(what, detail);
}

export function kindOf({ type }: RepositoryName): string {
  return type === "dataset" ? "the data set" : "the model";
}

function explainAnswer(
  error: AnswerError,
  what: string,
  repository: RepositoryName,
  { endpoint, token }: HubSettings,
): TunewrightError {
  const { status, reason, message, cause = error } = error;
  const page = `${endpoint}/${repository.type === "dataset" ? "datasets/" : ""}${repository.name}`;
  if (reason === "GatedRepo" || (status === 403 && /gated|restricted/i.test(message))) {
    return new EnvironmentError(`${what} is given to those who ask for it`, {
      why: message,
      todo: token
        ? `ask for access at ${page} with the account of your HF_TOKEN`
        : `ask for access at ${page}, then set HF_TOKEN to a token of your account`,
      cause,
    });
  }
  if (reason === "RevisionNotFound") {
    return missingError(repository, `${what}: no such revision`, {
      why: message,
      todo: `look for the branch, tag or commit at ${page}/tree/main`,
      cause,
    });
  }
  if (reason === "RepoNotFound" || status === 404 || (status === 401 && !token)) {
    return missingError(
      repository,
      `${what} is no path here and not on ${new URL(endpoint).host}`,
      {
        why: `${status} ${message}: there is none of this name, or it is private`,
        todo: token
          ? "check the spelling, and that the account of your HF_TOKEN may read it"
          : "check the spelling; for a private one set HF_TOKEN to a token of your account",
        cause,
      },
    );
  }
  if (status === 401 || status === 403) {
    return new EnvironmentError(`${what}: the hub refuses access`, {
      why: `${status} ${message}`,
      todo: "check that HF_TOKEN is valid and may read it",
      cause,
    });
  }
  return new EnvironmentError(`${what} cannot be downloaded`, {
    why: `${new URL(error.url).host} answers ${status} ${message}`,
    todo:
      status === 429
        ? "too many requests were sent: wait, or set HF_TOKEN, which raises the limit"
        : "try again later, or name a mirror of the hub in HF_ENDPOINT",
    cause,
  });
}
