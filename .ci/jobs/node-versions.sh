# The product on other versions of Node than the installed one, which runs everything else.

unit_tests_on() {
  npx --yes --package "node@$1" node node_modules/vitest/vitest.mjs run \
    --config test/vitest.config.ts --project unit \
    --reporter=default --reporter=json --outputFile.json="$results/node$1.json"
}

# A Node that is too old gets one line, and ends with 2.
refused_on() {
  local said status=0
  said=$(npx --yes --package "node@$1" node dist/pullfront.js --version 2>&1) || status=$?
  echo "$said"
  [ "$status" = 2 ] &&
    [[ "$said" =~ ^pullfront:\ needs\ Node\ [0-9.]+\ or\ newer,\ but\ this\ is\ Node\ $1[0-9.]+\; ]]
}
