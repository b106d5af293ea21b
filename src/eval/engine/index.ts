/** Models of this program as models that can be evaluated. Loads libtorch. */
export type { EngineModel } from "./engine.js";
export {
  type EngineOptions,
  evalModelOf,
  type OpenEvalModel,
  openEvalModel,
} from "./evalModel.js";
