/*
 * gate.h
 *		Denied queries do not read the table.
 */
#ifndef SESSION_AUTH_GATE_H
#define SESSION_AUTH_GATE_H

extern void gate_init(void);

#endif /* SESSION_AUTH_GATE_H */
