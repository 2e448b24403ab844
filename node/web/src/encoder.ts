/** Draws codes: of the library no more than that, fetched with the first code that is shown. */
export { default } from "qr";
