// Package attack holds tests alone: they start the real program, with SQLite and on
// this machine only, and try on it what strangers, members and faults could. Each is
// named after what must hold. BRANCHBOT_TEST_ATTACK=long tries more of each.
package attack
