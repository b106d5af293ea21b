/** Cuts normalised text into pieces: id, first place, and the place behind the last. */
export type CutText = (
  text: string,
  emit: (id: number, start: number, end: number) => void,
) => void;
