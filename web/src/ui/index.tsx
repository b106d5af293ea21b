/** The parts that screens are made of. */

export { Command } from "./Command";
export { Badge, Button, Card, Field, LinkButton, Tabs } from "./controls";
export { Dialog } from "./Dialog";
export { Figure, Figures, Sparkline } from "./figures";
export { type Formats, useFormats } from "./format";
export { Hint } from "./Hint";
export { modelName } from "./modelName";
export { Pager } from "./Pager";
export { Progress } from "./Progress";
export { Scrolled } from "./Scrolled";
export { ShareBar } from "./ShareBar";
export { saveFile } from "./saveFile";
export { Empty, Failure, Loaded, Loading, useExplained } from "./states";
export { TableFrame } from "./TableFrame";
export { VirtualList } from "./VirtualList";
export { wordDifference } from "./wordDifference";
