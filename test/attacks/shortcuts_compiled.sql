-- Attack: that of shortcuts.sql, with the expressions of the scans compiled. Holds: the same.
-- Guards: as there, and src/executor/interpreted.c.
SET jit = on; SET jit_above_cost = 100; SET jit_inline_above_cost = -1; SET jit_optimize_above_cost = -1;
\ir shortcuts.sql
