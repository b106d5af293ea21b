/** The server: OpenAI's API, the page and what the page asks. Entered without loading libtorch. */
export { type RunningServer, type ServeOptions, startServer } from "./serve.js";
