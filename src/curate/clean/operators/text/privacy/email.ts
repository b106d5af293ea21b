/** `replace_email`. */
import { z } from "zod";
import type { Range } from "../scan/urls.js";
import { privacyOperator } from "./replacement.js";

const longestLocalPart = 64;
const localPart = /[A-Za-z0-9._%+'-]/;
const domain =
  /[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)(?:[A-Za-z0-9-]{1,63}\.){0,6}(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})(?![A-Za-z0-9-]|\.[A-Za-z0-9])|[A-Za-z0-9]\.(?:[A-Za-z]{2,24})(?![A-Za-z0-9-])/y;
/** RFC 2606 and 6761: names that belong to nobody. */
const reserved = /(?:^|\.)(?:example(?:\.(?:com|org|net|edu))?|test|invalid|localhost|local)$/i;
/** Domains that writers put where a real one would stand. */
const madeUp =
  /^(?:your|my|our|the|some)?-?(?:domain|company(?:name)?|website|site|business|organization|example-domain|(?:e-?)?mail(?:server|provider|-?domain)?|somewhere|host|server|foo|bar|baz|acme|test|sample)\.(?:com|org|net|co|io)$|^(?:host|server|mail)\.domain$|^x{2,6}\.(?:com|cn|net)$/i;
/** Names that are nobody's, and those of machines that send mail. */
const nobody =
  /^(?:your|my)?[-._]?(?:user|user[-._]?name|(?:full|first|last)?[-._]?name|e?-?mail(?:[-._]?address)?|account)$|^(?:some(?:one|body)|example|sample|placeholder|foo|bar|foobar|john[-._]?doe|jane[-._]?doe|(?:no|do-?not)-?reply|x{3,})$/i;
/** What logs on to a machine is no address. */
const logIn = /\b(?:ssh|scp|sftp|rsync|ssh-copy-id)\b[^\n]{0,80}$/;
const fileEnding = /\.(?:png|jpe?g|gif|webp|svg|bmp|js|css|scss|json|md|py|ts)$/i;

/**
 * Replaces e-mail addresses. They are found from their `@` outwards with bounded steps, so that no
 * text is slow. Addresses of reserved and made-up domains and names (`bob@example.com`, `boss@company.com`, `john.doe@…`) stay by default, as do
 * `ssh user@host`, `git@host:path`, `icon@2x.png` and the user part of an address with a scheme.
 */
export const replaceEmail = privacyOperator({
  name: "replace_email",
  summary: "replace e-mail addresses by a placeholder",
  placeholder: "<EMAIL>",
  own: {
    keep_examples: z
      .boolean()
      .default(true)
      .describe(
        "keep addresses of reserved and made-up domains and names: example.com, yourdomain.com, john.doe",
      ),
  },
  sign: /@/,
  finder:
    ({ keep_examples }) =>
    (text) =>
      findEmails(text, keep_examples),
});

function findEmails(text: string, keepExamples: boolean): Range[] {
  const found: Range[] = [];
  let reached = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    domain.lastIndex = at + 1;
    if (!domain.test(text)) continue;
    const end = domain.lastIndex;
    let start = at;
    const first = Math.max(reached, at - longestLocalPart);
    while (start > first && localPart.test(text[start - 1]!)) start--;
    while (start < at && /[.'%+-]/.test(text[start]!)) start++;
    if (start === at || text[at - 1] === ".") continue;
    const host = text.slice(at + 1, end);
    const isPath = text[end] === ":" && /[\w/~]/.test(text[end + 1] ?? "");
    const before = text.slice(Math.max(0, start - 100), start);
    if (isPath || /:\/\/[^\s/]*$/.test(before) || logIn.test(before)) continue;
    const isExample =
      reserved.test(host) || madeUp.test(host) || nobody.test(text.slice(start, at));
    if (fileEnding.test(host) || (keepExamples && isExample)) continue;
    found.push({ start, end });
    reached = end;
  }
  return found;
}
