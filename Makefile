# One command per wish. Each target fails when what it promises is not there.
.PHONY: demo test bench soak screenshots advisories

# Builds everything, founds a demonstration town, tells its story and serves it on http://localhost:8080.
demo:
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

# Pictures of every page.
screenshots:
	@echo "There are no pages to take pictures of yet but the plain ones of a request, an invitation and a draft." >&2; exit 1

# Known weaknesses of dependencies; needs the network and the advisory database.
advisories:
	tests/tools deny
	cargo deny check advisories
