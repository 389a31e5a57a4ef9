const exitCodes = `Exit codes:
  0  stopped by a signal, or nothing wrong with the file
  1  the server did not start, or could not save its last counters
  2  a mistake in the arguments, the variables or the configuration file, a data folder
     that cannot be used, or a Node that is too old`;

const environment = `Environment:
  PULLFRONT_CONFIG      configuration file, as --config
  PULLFRONT_UPSTREAMS   registries to mirror, NAME or NAME=URL, separated by commas
  PULLFRONT_LISTEN, PULLFRONT_DATA, PULLFRONT_LOG_LEVEL, PULLFRONT_LIMITS_STORE_BYTES, ...
                        one for each scalar of the configuration file; options override
                        variables, and variables override the file
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                        proxies for requests to registries
  SSL_CERT_FILE, SSL_CERT_DIR, NODE_EXTRA_CA_CERTS
                        certificate authorities to trust
  NO_COLOR, FORCE_COLOR turn the colors of the log off and on`;

const documentation = 'Every key and variable: infra/docs/configuration.md';

/** What follows the options in `pullfront --help`. */
export const programHelp = `
Examples:
  pullfront serve                           mirror Docker Hub at http://127.0.0.1:5000
  pullfront serve --config pullfront.json   with a configuration file
  pullfront config check pullfront.json     report all mistakes in a file
  pullfront serve --help                    the options of the server

${exitCodes}

${environment}

${documentation}`;

/** What follows the options in `pullfront serve --help`. */
export const serveHelp = `
Examples:
  pullfront serve --listen :5000 --data /var/lib/pullfront
  pullfront serve --upstream ghcr.io --upstream quay.io
  pullfront serve --upstream registry.example=https://registry.example:8443
  pullfront serve --store memory --listen unix:/run/pullfront/pullfront.sock

${environment}

Signals:
  SIGTERM, SIGINT       finish what is in flight and stop; a second one stops at once
  SIGHUP                read the configuration again

${exitCodes}

${documentation}`;
