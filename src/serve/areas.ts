/** All routes, area by area. Each area is a function that adds its own. */
import { studioRoutes } from "./api/index.js";
import { docsRoutes } from "./docs/index.js";
import { fireflyRoutes } from "./firefly/index.js";
import { type Area, apiRoutes, healthRoutes, modelRoutes, pageRoutes } from "./http/index.js";
import { absentRoutes, chatRoutes, completionRoutes } from "./openai/index.js";

export const areas: readonly Area[] = [
  healthRoutes,
  modelRoutes,
  chatRoutes,
  completionRoutes,
  absentRoutes,
  fireflyRoutes,
  apiRoutes,
  studioRoutes,
  docsRoutes,
  pageRoutes(),
];
