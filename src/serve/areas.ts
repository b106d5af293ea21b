/** All routes, area by area. Each area is a function that adds its own. */
import { type Area, apiRoutes, healthRoutes, modelRoutes, pageRoutes } from "./http/index.js";

export const areas: readonly Area[] = [healthRoutes, modelRoutes, apiRoutes, pageRoutes()];
