/** Downloads from the Hugging Face hub, its mirrors and plain URLs, stored in the hub's cache. */
export { fetchModel, isHubName, type ModelOptions, modelOnDisk, noModel } from "./model.js";
export { parseRepositoryName, type RepositoryName, showRepository } from "./name.js";
export { fetchThroughProxy } from "./proxy.js";
export { type HubReport, stderrReport } from "./report.js";
export {
  type ChooseFiles,
  type FetchedFiles,
  fetchRepository,
  type HubOptions,
} from "./repository.js";
export { type HubSettings, hubSettings } from "./settings.js";
export { fetchUrl, openUrl } from "./urlFile.js";
