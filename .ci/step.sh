# Sourced by .ci/run. $results is the folder where steps leave what the summary reads.

# Runs a step of a name, and notes its seconds and whether it passed.
step() {
  local name=$1 began=$SECONDS outcome=passed
  shift
  echo "== $name"
  "$@" || outcome=failed
  echo "== $name: $outcome after $((SECONDS - began)) s"
  printf '%s\t%s\t%s\n' "$name" "$outcome" "$((SECONDS - began))" >>"$results/steps.tsv"
}

# Runs as root, which installing packages and running daemons needs.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Runs an npm script of tests; vitest leaves its counts in NAME.json.
counted() {
  local name=$1 script=$2
  npm run "$script" -- --reporter=default --reporter=json --outputFile.json="$results/$name.json"
}
