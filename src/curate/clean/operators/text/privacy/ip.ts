/** `replace_ip`. */
import { isIPv6 } from "node:net";
import { z } from "zod";
import type { Range } from "../scan/urls.js";
import { privacyOperator } from "./replacement.js";

const kinds = ["special", "private", "versions"] as const;
type Kind = (typeof kinds)[number];

const v4 = /(?<![A-Za-z0-9_.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d_A-Za-z]|\.\d)/g;
const v6 = /(?<![A-Za-z0-9_:.])[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{2,37}(?![A-Za-z0-9_:])/g;
const versionBefore =
  /(?:\bv|version|ver\.?|release|build|kernel|firmware|driver|[A-Za-z]\/|版本|内核|固件|第|章|节|图|表|section|chapter)[号为是:：\s]{0,3}$/i;
/** Servers of names that everybody asks, and addresses that everybody makes up. */
const known =
  /^(?:208\.67\.22[02]\.22[02]|114\.114\.11[45]\.11[459]|223\.[56]\.[56]\.[56]|119\.29\.29\.29|180\.76\.76\.76|123\.45\.67\.\d{1,3}|12\.34\.56\.78|(\d{2,3})(?:\.\1){3}|11\.22\.33\.44|98\.76\.54\.32)$/;
/** A network of addresses is nobody's address. */
const prefixLength = /^\/(?:[12]?\d|3[01])(?![\d.])/;

/**
 * Replaces IP addresses, version 4 with parts up to 255 and version 6 where they are valid and
 * global. Kept by default: addresses that belong to nobody (loopback, documentation by RFC 5737 and
 * 3849, broadcast, masks, networks, public name servers, 123.45.67.89), private ones (RFC 1918, link-local), and what looks like a version or a
 * section (`version 1.2.3.4`, all parts below 20 such as `8.8.8.8`).
 */
export const replaceIp = privacyOperator({
  name: "replace_ip",
  summary: "replace IP addresses (v4, v6) by a placeholder, but not versions and masks",
  placeholder: "<IP>",
  own: {
    keep: z
      .array(z.enum(kinds))
      .default([...kinds])
      .describe(
        "what to keep: special (loopback, documentation, masks, networks, public name servers), private networks, version and section numbers",
      ),
  },
  sign: /\d\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f:]/,
  finder: ({ keep }) => {
    const kept: ReadonlySet<Kind> = new Set(keep);
    return (text) =>
      [...findV4(text, kept), ...findV6(text, kept)].sort((a, b) => a.start - b.start);
  },
});

function findV4(text: string, keep: ReadonlySet<Kind>): Range[] {
  const found: Range[] = [];
  for (const match of text.matchAll(v4)) {
    const parts = match.slice(1, 5).map(Number);
    if (parts.some((part, index) => part > 255 || String(part) !== match[index + 1])) continue;
    const start = match.index;
    const before = text.slice(Math.max(0, start - 12), start);
    if (keep.has("versions") && (parts.every((part) => part < 20) || versionBefore.test(before))) {
      continue;
    }
    const end = start + match[0].length;
    const isNetwork = prefixLength.test(text.slice(end, end + 4));
    const kind = known.test(match[0]) || isNetwork ? "special" : kindOfV4(parts);
    if (kind === null || !keep.has(kind)) found.push({ start, end });
  }
  return found;
}

/** The kind of an address of version 4, or null for one that is somebody's. */
function kindOfV4([a, b, c, d]: number[]): Kind | null {
  const isMask = a === 255 || (d === 0 && c === 0 && b === 0);
  const documentation =
    (a === 192 && b === 0 && c === 2) ||
    (a === 198 && b === 51 && c === 100) ||
    (a === 203 && b === 0 && c === 113);
  if (a === 0 || a === 127 || a! >= 224 || isMask || documentation) return "special";
  const isPrivate =
    a === 10 ||
    (a === 172 && b! >= 16 && b! < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b! >= 64 && b! < 128);
  return isPrivate ? "private" : null;
}

function findV6(text: string, keep: ReadonlySet<Kind>): Range[] {
  const found: Range[] = [];
  for (const match of text.matchAll(v6)) {
    const address = match[0].toLowerCase().replace(/(?<!:):$/, "");
    if (!isIPv6(address)) continue;
    const first = Number.parseInt(address.slice(0, address.indexOf(":")), 16);
    const documentation = /^2001:0?db8:/.test(address);
    const local = (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80;
    const global = first >= 0x2000 && first < 0x4000;
    const replace = local
      ? !keep.has("private")
      : global && !(documentation && keep.has("special"));
    if (replace) found.push({ start: match.index, end: match.index + address.length });
  }
  return found;
}
