#include "sim.h"
void plot_start(struct sim *s) { (void)s; }
void plot_look(struct sim *s) { (void)s; }
