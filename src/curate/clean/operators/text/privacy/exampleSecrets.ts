/** Keys, tokens and passwords that documentation shows: nobody's, so they stay. */

/** What writers put into a key, in words. */
const words =
  /example|sample|your|place.?holder|dummy|fake|redacted|change.?me|replace.?(?:me|with|this)|insert|goes.?here|(?:key|token|secret)[-_]?here|my[-_](?:secret|api|key|token)|abcdef|xyz123|secret[-_]?key|[xX]{4,}|0{6,}|\.{3}/i;

/** Characters in the order of a keyboard or an alphabet, so many in a row. */
const longestRun = 6;

/** Whether a key with its maker's prefix says nothing: words, runs such as 123456, few characters. */
export function isExampleKey(key: string): boolean {
  const own = key.replace(
    /^(?:sk-(?:proj-|ant-(?:api\d+-)?)?|[a-z]+_|xox.-|AKIA|ASIA|AIza(?:Sy)?|LTAI)/,
    "",
  );
  if (new Set(own.slice(4)).size <= 6 || words.test(own) || hasRun(own)) return true;
  // Names of classes: lower-case words and short numbers between hyphens.
  return /^[a-z]{2,}(?:[-_](?:[a-z]+|[a-z]?\d{1,4}))+$/.test(own);
}

function hasRun(text: string): boolean {
  let length = 1;
  for (let index = 1; index < text.length; index++) {
    const step = text.charCodeAt(index) - text.charCodeAt(index - 1);
    const wraps = text[index] === "0" && text[index - 1] === "9";
    length = step === 1 || wraps ? length + 1 : 1;
    if (length >= longestRun) return true;
  }
  return false;
}

/** Whether a JSON web token is one that its documentation shows (jwt.io: John Doe, 1234567890). */
export function isExampleToken(token: string): boolean {
  const claims = Buffer.from(token.split(".")[1]!, "base64url").toString();
  return /1234567890|john ?doe|jane ?doe|example/i.test(claims);
}

/** Passwords in the addresses of tutorials. */
const commonPasswords =
  /^(?:|p(?:ass|wd|w)|passw(?:or)?d\d{0,4}|(?:my|db|your|some|the|super)?[-_]?(?:secret|pass(?:word)?|token|key)[-_]?(?:pw|password|key|here)?|root|toor|admin\d{0,4}|guest|test\d{0,4}|user(?:name|pass|password)?|example|change[-_]?(?:me|it|this)|postgres(?:ql)?|mysql|mongo(?:db)?|redis|rabbitmq|neo4j|default|anonymous|foo|bar|letmein|qwerty|abc123|12345\d{0,5}|[*x.]{2,}|\u2026)$/i;
/** A variable stands where the password would. */
const variable = /^(?:[${%<[]|:)|[}>)\]]$|^[A-Z][A-Z_]{2,}$/;

/** Whether `user:password` of an address is made up. */
export function isExampleLogin(login: string, host: string): boolean {
  const password = login.slice(login.indexOf(":") + 1);
  const [name = ""] = /^[A-Za-z0-9.-]+/.exec(host) ?? [];
  const reserved = /(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid)$/i.test(name);
  return reserved || commonPasswords.test(password) || variable.test(password);
}

/** Whether what stands between the lines of a PEM file is a key, and not a few dots. */
export function isWholePem(body: string): boolean {
  const lines = body
    .replace(/\\n/g, "\n")
    .split("\n")
    .map((line) => line.trim());
  const key = lines.filter((line) => line !== "" && !/^[A-Za-z-]+: /.test(line)).join("");
  return key.length >= shortestKey && /^[A-Za-z0-9+/=]+$/.test(key) && !words.test(key);
}

/** Characters of base64 that an Ed25519 key takes: the shortest that is in use. */
const shortestKey = 64;
