/* Schemas in few words, for tests of what is done with them. */
#ifndef LOGSHIP_TESTS_PROTO_STRUCTURAL_STORY_H
#define LOGSHIP_TESTS_PROTO_STRUCTURAL_STORY_H

#include "proto/admit_helper.h"
#include "proto/regex.h"
#include "proto/structural.h"
#include "proto/structural_check.h"

/* A schema of objects with these properties; one with the property a. */
#define OBJECT(properties) "{'type':'object','properties':{" properties "}}"
#define OF_A(schema)       OBJECT("'a':{" schema "}")

#endif
