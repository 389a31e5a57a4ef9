/** Stands for the SDK's chain of credential providers where the environment has the credentials. */
export const defaultProvider = () => async () => {
  throw Object.assign(new Error('no credentials in the environment'), {
    name: 'CredentialsProviderError',
  });
};
