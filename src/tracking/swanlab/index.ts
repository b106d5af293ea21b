/** SwanLab: the curves, texts and configuration of a run at swanlab.cn or a server of one's own. */
import { serverTracker } from "../upload/index.js";
import { swanlabLacks, swanlabSettings } from "./settings.js";

export { swanlabService } from "./service.js";
export { swanlabSettings };

export const swanlab = serverTracker({
  name: "swanlab",
  lacks: swanlabLacks,
  place(env, config) {
    const { project, webHost } = swanlabSettings(env, config);
    return `project ${project} at ${webHost}`;
  },
});
