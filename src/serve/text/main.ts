/** The text process: rows become tokens by the code that training reads them with. */
import { plainError } from "../../util/plainError.js";
import { runJob } from "./jobs.js";
import type { TextAnswer, TextRequest } from "./protocol.js";

const answer = (message: TextAnswer) => {
  if (process.connected) process.send!(message);
};

process.on("message", async (request: TextRequest) => {
  const { id } = request;
  try {
    const value = await runJob(request, (share) => answer({ id, type: "progress", share }));
    answer({ id, type: "value", value });
  } catch (error) {
    answer({ id, type: "error", error: plainError(error) });
  }
});

// The server has ended, or has no use for this process any more.
process.on("disconnect", () => process.exit(0));
// A terminal's Ctrl-C goes to both; the server says when this one ends.
process.on("SIGINT", () => {});
