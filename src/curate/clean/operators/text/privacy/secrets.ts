/** `replace_secrets`: keys, tokens and passwords in addresses. */
import type { Range } from "../scan/urls.js";
import { isExampleKey, isExampleLogin, isExampleToken, isWholePem } from "./exampleSecrets.js";
import { privacyOperator } from "./replacement.js";

/** Forms that only a secret has: the prefixes that their makers gave them, and their lengths. */
const keys =
  /(?<![A-Za-z0-9_-])(?:sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,200}|(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,100}|github_pat_[A-Za-z0-9_]{50,100}|glpat-[A-Za-z0-9_-]{20,40}|xox[abprs]-[A-Za-z0-9-]{20,100}|AIza[A-Za-z0-9_-]{35}|hf_[A-Za-z0-9]{30,50}|LTAI[A-Za-z0-9]{16,26}|eyJ[A-Za-z0-9_-]{10,1000}\.eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,1000})(?![A-Za-z0-9_-])/g;
const privateKeyBegin = /-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----/g;
const privateKeyEnd = /-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----/g;
const credentials = /:\/\/([^\s/@:"'<>]{1,100}:[^\s/@"'<>]{1,200})@(?=[A-Za-z0-9[])/g;

/**
 * Replaces secrets: API keys and tokens with the prefixes of OpenAI, Anthropic, AWS, GitHub, GitLab,
 * Slack, Google, Hugging Face and Alibaba Cloud, JSON web tokens (RFC 7519), private keys in PEM,
 * and `user:password` in an address. What documentation shows for them stays (`exampleSecrets.ts`).
 */
export const replaceSecrets = privacyOperator({
  name: "replace_secrets",
  summary: "replace API keys, tokens, private keys and passwords in URLs by a placeholder",
  placeholder: "<SECRET>",
  own: {},
  sign: /sk-|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|hf_|LTAI|eyJ|PRIVATE KEY|:\/\/[^\s/@]{1,300}@/,
  finder: () => (text) =>
    withoutOverlaps([...findKeys(text), ...findPem(text), ...findUserInfo(text)]),
});

function findKeys(text: string): Range[] {
  return [...text.matchAll(keys)]
    .filter(([key]) => !(key.startsWith("eyJ") ? isExampleToken(key) : isExampleKey(key)))
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

function findPem(text: string): Range[] {
  const found: Range[] = [];
  for (const match of text.matchAll(privateKeyBegin)) {
    privateKeyEnd.lastIndex = match.index;
    const end = privateKeyEnd.exec(text);
    if (!end) break;
    const body = text.slice(match.index + match[0].length, end.index);
    if (isWholePem(body)) found.push({ start: match.index, end: privateKeyEnd.lastIndex });
  }
  return found;
}

function findUserInfo(text: string): Range[] {
  return [...text.matchAll(credentials)]
    .filter((match) => !isExampleLogin(match[1]!, text.slice(match.index + match[0].length)))
    .map((match) => {
      const start = match.index + 3;
      return { start, end: start + match[1]!.length };
    });
}

function withoutOverlaps(ranges: Range[]): Range[] {
  ranges.sort((left, right) => left.start - right.start);
  let reached = 0;
  return ranges.filter(({ start, end }) => {
    if (start < reached) return false;
    reached = end;
    return true;
  });
}
