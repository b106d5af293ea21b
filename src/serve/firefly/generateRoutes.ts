/** `POST /generate`: one question, one answer, as Firefly's HTTP service has it. */
import { z } from "@hono/zod-openapi";
import type { ServeContext } from "../context.js";
import type { AnswerRequest } from "../engine/index.js";
import { type Area, addRoute, badRequest, readJson, type ServeCall } from "../http/index.js";
import {
  answerError,
  ask,
  checkRoom,
  clientOf,
  collect,
  modelOf,
  watchAnswer,
} from "../openai/index.js";

const schema = z
  .strictObject({
    inputs: z.string().min(1).max(1_000_000).openapi({ description: "The question." }),
    model: z
      .string()
      .optional()
      .openapi({ description: "The name of a served model. Default: the first." }),
    max_new_tokens: z
      .number()
      .int()
      .min(1)
      .optional()
      .openapi({ description: "Most tokens of the answer." }),
    do_sample: z
      .boolean()
      .optional()
      .openapi({ description: "false: always the likeliest token." }),
    temperature: z.number().min(0).max(2).optional(),
    top_p: z.number().min(0).max(1).optional(),
    top_k: z.number().int().min(0).optional(),
    repetition_penalty: z.number().gt(0).max(1000).optional(),
    no_repeat_ngram_size: z.number().int().min(0).max(10_000).optional(),
    seed: z.number().int().optional(),
  })
  .openapi("GenerateRequest");

/** Further fields of transformers' `generate` are refused: leaving them out would change the answer. */
export const fireflyRoutes: Area = (app, context) => {
  // Firefly's own client asks at `/firefly`.
  for (const path of ["/generate", "/firefly"]) {
    addRoute(
      app,
      {
        method: "post",
        path,
        hide: path === "/firefly",
        tags: ["Firefly"],
        summary: "Answers one question, as Firefly's service does",
        description:
          "Fields are those of transformers' generate. The answer is { input, output }. Firefly's own address for it, /firefly, works too.",
        request: { body: { content: { "application/json": { schema } } } },
        responses: {
          200: {
            description: "The answer",
            content: {
              "application/json": {
                schema: z.object({ input: z.string(), output: z.string() }).openapi("Generated"),
              },
            },
          },
          400: { description: "The request is not valid" },
          404: { description: "The model is not served" },
          429: { description: "Too many requests are being answered" },
          503: { description: "The model or the engine is not ready" },
        },
      },
      (c) => generate(c, context),
    );
  }
};

async function generate(c: ServeCall, context: ServeContext): Promise<Response> {
  const body = await readJson(c, schema);
  const input = body.inputs.trim();
  if (input === "") throw badRequest("inputs: must hold more than white space", "inputs");
  const { name } = modelOf(context, body.model ?? context.engine.models()[0]?.name ?? "");
  checkRoom(context, 1);
  const gone = AbortSignal.any([c.req.raw.signal, context.ended]);
  const answer = await ask(context, requestOf(body, input, name, clientOf(c, undefined)), gone);
  const watch = watchAnswer(context, c.get("note"));
  const { choices } = await collect(answer.events, 1, watch).catch((error: unknown) => {
    throw answerError(error);
  });
  return c.json({ input, output: choices[0]!.text.trim() });
}

function requestOf(
  body: z.output<typeof schema>,
  question: string,
  model: string,
  client: string,
): AnswerRequest {
  const isGreedy = body.do_sample === false;
  return {
    model,
    client,
    prompt: {
      kind: "chat",
      messages: [{ role: "user", content: question }],
      tools: null,
      toolChoice: "none",
      callsMany: false,
      variables: null,
      continues: false,
    },
    choices: {
      temperature: isGreedy ? 0 : body.do_sample ? (body.temperature ?? 1) : body.temperature,
      topP: isGreedy ? undefined : body.top_p,
      topK: isGreedy ? undefined : body.top_k,
      repetitionPenalty: body.repetition_penalty,
      noRepeatNgramSize: body.no_repeat_ngram_size,
      maxNewTokens: body.max_new_tokens,
    },
    n: 1,
    seed: body.seed ?? null,
    logitBias: [],
    format: { type: "text" },
    streams: false,
    logprobs: null,
  };
}
