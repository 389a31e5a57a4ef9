# Real container clients and daemons, which need root.

client_tests() {
  if [ "$(id -u)" = 0 ]; then
    counted clients test:clients
  else
    npm run --silent build || return
    as_root env CI=true "PATH=$PATH" "$(command -v node)" node_modules/vitest/vitest.mjs run \
      --config test/vitest.config.ts --project clients \
      --reporter=default --reporter=json --outputFile.json="$results/clients.json"
  fi
}
