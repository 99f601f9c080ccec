/* CustomResourceDefinitions as the core sees them: crd.c decides, controllers/crd.c accepts names
 * and empties what is being deleted. */
#ifndef LOGSHIP_ACTORS_CRD_H
#define LOGSHIP_ACTORS_CRD_H

/* Holds a definition until its objects are gone. */
#define CRD_FINALIZER "customresourcecleanup.apiextensions.k8s.io"

#endif
