-- Attack: that of gate_changes.sql, with every expression of a plan compiled. Holds: the same.
-- Guards: as there, and src/executor/interpreted.c.
SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = -1; SET jit_optimize_above_cost = -1;
\ir gate_changes.sql
