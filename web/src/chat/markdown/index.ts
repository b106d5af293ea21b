export { CodeBlock, Markdown } from "./Markdown";
