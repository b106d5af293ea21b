/** The API described, for programs and for people. */

export { docsRoutes } from "./docsRoutes.js";
export { apiDocument } from "./document.js";
