/** What the reference does in Python, reproduced: its random numbers and its strings. */
export { type PythonRandom, pythonRandom } from "./random.js";
export { length, strip, stripEnd, stripStart } from "./text.js";
