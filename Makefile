# One command per wish. Each target fails when what it promises is not there.
.PHONY: web demo test bench soak screenshots advisories

# Builds the scripts and styles of the pages; the node takes them in when it is built after this.
web:
	tests/tools node
	cd node/web && npm ci --no-fund --no-audit && node build.mjs

# Builds everything, founds a demonstration town, tells its story and serves it on http://localhost:8080.
demo: web
	cargo build --release --package klaver-node --package klaver-cli
	target/release/klaver-node demo --data demo-data

# Runs every test there is; installs what it lacks as root on Debian, elsewhere says what to install.
test:
	tests/run

# Measures P1 to P8 and writes docs/benchmarks.md and .json. BENCH=full takes the goals at their full sizes.
bench:
	tests/bench/run

# The same checks with larger numbers: make soak NAME=codec ROUNDS=100000
soak:
	tests/soak $(NAME) --rounds $(ROUNDS)

# Pictures of the main pages and states, into docs/screenshots, in Dutch. ALL=DIRECTORY writes every state there: three
# widths, light and dark; STORIES=till,place tells these alone.
screenshots: web
	tests/tools rust chromium
	cargo build --package klaver-node --package klaver-cli
	cd node/web && node build.mjs test && KLAVER_ROOT=../.. $(if $(ALL),KLAVER_ALL=$(abspath $(ALL))) $(if $(STORIES),KLAVER_STORIES=$(STORIES)) \
		node node_modules/.klaver-test/screenshots.mjs

# Known weaknesses of dependencies; needs the network and the advisory database.
advisories:
	tests/tools deny
	cargo deny check advisories
