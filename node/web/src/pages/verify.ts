/** `/verify`: a receipt is dropped, and every step of checking it is said in words. */

import { begin } from "../start.ts";
import { verifier } from "../verifier.ts";

void begin(verifier);
