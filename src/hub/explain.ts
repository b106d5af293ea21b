/** Error messages for failed downloads. */
import { ConfigError, DataError, EnvironmentError, TunewrightError } from "../util/errors.js";
import type { RepositoryName } from "./name.js";
import { showRepository } from "./name.js";
import { AnswerError, ConnectionError } from "./request.js";
import type { HubSettings } from "./settings.js";

/** The error to show for whatever went wrong with a repository of the hub. */
export function explainHubError(
  error: unknown,
  repository: RepositoryName,
  settings: HubSettings,
): unknown {
  const what = `${kindOf(repository)} ${showRepository(repository)}`;
  if (error instanceof AnswerError) return explainAnswer(error, what, repository, settings);
  return explainError(error, `${what} is not a local path and cannot be downloaded`, settings);
}

/** The error to show for a failed connection or a disk that cannot be written to. */
export function explainError(error: unknown, what: string, settings: HubSettings): unknown {
  if (error instanceof TunewrightError) return error;
  if (error instanceof ConnectionError) {
    const { host, origin } = new URL(error.url);
    return new EnvironmentError(what, {
      why: `${host}: ${error.message}`,
      todo: /CERT|SELF_SIGNED/.test(error.code)
        ? "if a proxy re-signs the traffic, set NODE_EXTRA_CA_CERTS to the path of its certificate"
        : origin === new URL(settings.endpoint).origin
          ? "check the network, set HF_ENDPOINT to a mirror of the hub, or copy the files here and give their path"
          : "check the network, or copy the files here and give their path",
      cause: error,
    });
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^E(NOSPC|DQUOT|ACCES|PERM|ROFS|NOTDIR|EXIST)$/.test(code)) return error;
  return new EnvironmentError(what, {
    why: error instanceof Error ? error.message : code,
    todo: /NOSPC|DQUOT/.test(code)
      ? "free some space, or set HF_HOME to a folder on another disk"
      : "set HF_HOME to a folder that can be written to",
    cause: error,
  });
}

/** The error for something that a repository does not have: DataError or ConfigError. */
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
    return new EnvironmentError(`${what} requires that you request access`, {
      why: message,
      todo: token
        ? `request access at ${page} with the account of your HF_TOKEN`
        : `request access at ${page}, then set HF_TOKEN to a token of your account`,
      cause,
    });
  }
  if (reason === "RevisionNotFound") {
    return missingError(repository, `${what}: no such revision`, {
      why: message,
      todo: `see the branches, tags and commits at ${page}/tree/main`,
      cause,
    });
  }
  if (reason === "RepoNotFound" || status === 404 || (status === 401 && !token)) {
    return missingError(
      repository,
      `${what} is neither a local path nor on ${new URL(endpoint).host}`,
      {
        why: `${status} ${message}: it does not exist, or it is private`,
        todo: token
          ? "check the spelling, and that the account of your HF_TOKEN has access"
          : "check the spelling; if it is private, set HF_TOKEN to a token of your account",
        cause,
      },
    );
  }
  if (status === 401 || status === 403) {
    return new EnvironmentError(`${what}: the hub denied access`, {
      why: `${status} ${message}`,
      todo: "check that HF_TOKEN is valid and has access",
      cause,
    });
  }
  return new EnvironmentError(`${what} cannot be downloaded`, {
    why: `${new URL(error.url).host} responded with ${status} ${message}`,
    todo:
      status === 429
        ? "too many requests: wait, or set HF_TOKEN, which raises the limit"
        : "try again later, or set HF_ENDPOINT to a mirror of the hub",
    cause,
  });
}
