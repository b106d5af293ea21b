/** MLflow: the curves and the configuration of a run at a tracking server. */
import { serverTracker } from "../upload/index.js";
import { mlflowLacks, mlflowSettings } from "./settings.js";

export { mlflowService } from "./service.js";
export { mlflowSettings };

export const mlflow = serverTracker({
  name: "mlflow",
  lacks: mlflowLacks,
  place(env, config) {
    const { server, experimentName, experimentId } = mlflowSettings(env, config);
    return `experiment ${experimentId ?? experimentName} at ${server}`;
  },
});
