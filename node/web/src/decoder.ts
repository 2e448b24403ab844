/** Reads codes from pictures: of the library no more than that, fetched with the camera's screen. */
export { default } from "qr/decode.js";
