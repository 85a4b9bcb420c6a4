/** Where listings of virtual servers have Kubernetes' names from, for their help. */
export const namesHelp =
  "Kubernetes' names are those of the API server or the manifests that flags name; else of the running " +
  'kube-ipvs, or of what it reads. Where nothing tells them they are <unknown>. The field names of a document says which, and a note on a terminal.';

/** With what every listing of the kernel ends, for its help. */
export const listingStatuses = `
Exit status:
  0  listed, also where there is nothing
  1  the kernel cannot be read, or names are asked for and nothing tells them
  2  the command line is wrong`;
