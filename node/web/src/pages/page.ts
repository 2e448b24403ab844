/** A page that says everything without a script: only the read-aloud button and the service worker are added. */

import { start } from "../start.ts";

void start(async () => undefined);
