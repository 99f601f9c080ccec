/* RFC 3339 in UTC, as metav1.Time ("2026-11-23T16:31:02Z") and MicroTime. */
#ifndef LOGSHIP_PROTO_TIMEFMT_H
#define LOGSHIP_PROTO_TIMEFMT_H

#include "base/str.h"

#include <stdint.h>

#define TIME_TEXT 32
void time_format_s(int64_t unix_s, char out[TIME_TEXT]);
void time_format_ms(int64_t unix_ms, char out[TIME_TEXT]); /* three decimals */
void time_format_us(int64_t unix_us, char out[TIME_TEXT]); /* six decimals */
bool time_parse(struct str text, int64_t *unix_us);        /* any RFC 3339 time, offsets too */

#endif
