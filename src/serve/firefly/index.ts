/** The interface of Firefly, the project that many of the users come from. */
export { fireflyRoutes } from "./generateRoutes.js";
