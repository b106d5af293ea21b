/** Requests that can be copied, for those who begin. */

export interface Examples {
  curl: string;
  python: string;
  javascript: string;
}

/** Stands for the server's address until it is known. */
export const baseUrl = "http://127.0.0.1:8000";

/** A body to try each route with, by method and path. */
export function exampleBody(key: string, model: string): object | undefined {
  const messages = [{ role: "user", content: "What is the capital of France?" }];
  switch (key) {
    case "post /v1/chat/completions":
      return { model, messages, max_tokens: 100, temperature: 0.7, seed: 1, stream: true };
    case "post /v1/completions":
      return { model, prompt: "The capital of France is", max_tokens: 20 };
    case "post /generate":
      return { inputs: "What is the capital of France?", max_new_tokens: 100, do_sample: false };
    case "post /api/models":
      return { source: "ID_OF_AN_ENTRY" };
    default:
      return undefined;
  }
}

/** @param needsKey whether the server wants an API key */
export function examplesOf(
  method: string,
  path: string,
  body: object | undefined,
  needsKey: boolean,
): Examples {
  const openai = openAiExamples(`${method} ${path}`, body, needsKey);
  return { ...plainExamples(method, path, body, needsKey), ...openai };
}

function plainExamples(
  method: string,
  path: string,
  body: object | undefined,
  needsKey: boolean,
): Examples {
  const verb = method.toUpperCase();
  const url = `${baseUrl}${path}`;
  const pretty = body === undefined ? "" : JSON.stringify(body, null, 2);
  const isStream = body !== undefined && "stream" in body;
  const curl = [
    `curl ${isStream ? "-N " : ""}${verb === "GET" || body ? "" : `-X ${verb} `}${url}`,
    ...(needsKey ? ['-H "Authorization: Bearer $TUNEWRIGHT_API_KEY"'] : []),
    ...(body
      ? ["-H 'Content-Type: application/json'", `-d '${pretty.replaceAll("'", "'\\''")}'`]
      : []),
  ].join(" \\\n  ");
  const pythonHeaders = needsKey ? ', headers={"Authorization": f"Bearer {key}"}' : "";
  const python = [
    "import requests",
    "",
    `answer = requests.${method}("${url}"${body ? `, json=${pythonValue(pretty)}` : ""}${pythonHeaders})`,
    "print(answer.json())",
  ].join("\n");
  const headers = [
    ...(body ? ['"content-type": "application/json"'] : []),
    ...(needsKey ? ['authorization: "Bearer " + key'] : []),
  ];
  const entries = [
    ...(verb === "GET" ? [] : [`method: "${verb}"`]),
    ...(headers.length > 0 ? [`headers: { ${headers.join(", ")} }`] : []),
    ...(body ? [`body: JSON.stringify(${pretty.replaceAll("\n", "\n  ")})`] : []),
  ];
  const options = entries.length === 0 ? "" : `, {\n  ${entries.join(",\n  ")},\n}`;
  const javascript = `const answer = await fetch("${url}"${options});\nconsole.log(await answer.json());`;
  return { curl, python, javascript };
}

/** The same by OpenAI's own clients, where they have it. */
function openAiExamples(
  key: string,
  body: object | undefined,
  needsKey: boolean,
): Partial<Examples> {
  const calls: Readonly<Record<string, string>> = {
    "post /v1/chat/completions": "chat.completions.create",
    "post /v1/completions": "completions.create",
    "get /v1/models": "models.list",
  };
  const call = calls[key];
  if (call === undefined) return {};
  const pretty = body ? JSON.stringify(body, null, 2) : "";
  const isStream = body !== undefined && "stream" in body;
  const shown = {
    python: isStream
      ? ["for part in answer:", '    print(part.choices[0].delta.content or "", end="")']
      : ["print(answer)"],
    javascript: isStream
      ? [
          "for await (const part of answer) {",
          '  process.stdout.write(part.choices[0].delta.content ?? "");',
          "}",
        ]
      : ["console.log(answer);"],
  };
  const named = Object.entries(body ?? {}).map(
    ([name, value]) => `    ${name}=${pythonValue(JSON.stringify(value))},`,
  );
  const python = [
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${baseUrl}/v1", api_key=${needsKey ? "key" : '"none"'})`,
    ...(body ? [`answer = client.${call}(`, ...named, ")"] : [`answer = client.${call}()`]),
    ...shown.python,
  ].join("\n");
  const javascript = [
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${baseUrl}/v1", apiKey: ${needsKey ? "key" : '"none"'} });`,
    `const answer = await client.${call}(${pretty});`,
    ...shown.javascript,
  ].join("\n");
  return { python, javascript };
}

/** JSON as Python writes it. */
function pythonValue(json: string): string {
  const words: Readonly<Record<string, string>> = { true: "True", false: "False", null: "None" };
  return json.replaceAll(
    /"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b/g,
    (part) => words[part] ?? part,
  );
}
