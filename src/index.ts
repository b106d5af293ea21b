/** The library: what the command line is made of, for programs of your own. */
export * as clean from "./curate/clean/index.js";
export * as dedup from "./curate/dedup/index.js";
export * as stats from "./curate/stats/index.js";
export * as data from "./data/index.js";
export * as format from "./format/index.js";
export * as generate from "./generate/index.js";
export * as lora from "./lora/index.js";
export * as models from "./models/index.js";
export * as nn from "./nn/index.js";
export * as tensor from "./tensor/index.js";
export * as text from "./text/index.js";
export * as tracking from "./tracking/index.js";
export * as train from "./train/index.js";
export * from "./util/errors.js";
