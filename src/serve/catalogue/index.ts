/** What can be loaded: the built-in model, the models of the command line, results and checkpoints of runs. */
export { type Catalogue, catalogueId, createCatalogue, type Loadable } from "./catalogue.js";
