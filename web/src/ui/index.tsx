/** The parts that screens are made of. */
export { Badge, Button, Card, Field, Hint, LinkButton, Tabs } from "./controls";
export { Dialog } from "./Dialog";
export { type Formats, formatsOf, useFormats } from "./format";
export { Empty, Failure, Loaded, Loading } from "./states";
