/*
 * uuid.h
 *		A uuid, for identity.c of these proofs.
 */
#ifndef UUID_H
#define UUID_H

typedef struct pg_uuid_t
{
	unsigned char data[16];
} pg_uuid_t;

#endif /* UUID_H */
