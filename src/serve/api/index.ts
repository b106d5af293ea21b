/** What the page asks: runs, the queue, data and results. */
import type { Area } from "../http/index.js";
import { dataRoutes } from "./dataRoutes.js";
import { liveRoutes } from "./liveRoutes.js";
import { queueRoutes } from "./queueRoutes.js";
import { resultRoutes } from "./resultRoutes.js";
import { runRoutes } from "./runRoutes.js";
import { createStudio } from "./studio.js";

export const studioRoutes: Area = (app, context) => {
  const studio = createStudio(context);
  runRoutes(app, studio);
  queueRoutes(app, studio);
  dataRoutes(app, studio);
  liveRoutes(app, studio);
  resultRoutes(app, studio);
};
