import { useState } from "react";
import type { Axis } from "./axis";
import type { Zoom } from "./chart";

/** The part of the axis that charts show; all again when the axis is another. */
export function useZoom(axis: Axis): [Zoom, (zoom: Zoom) => void] {
  const [state, setState] = useState<{ axis: Axis; zoom: Zoom }>({ axis, zoom: null });
  const zoom = state.axis === axis ? state.zoom : null;
  return [zoom, (zoom) => setState({ axis, zoom })];
}
