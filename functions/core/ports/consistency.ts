/**
 * The consistency of a read. An `eventual` one may lack the latest writes, and costs less where the
 * index has replicas.
 */
export type Consistency = 'strong' | 'eventual';
