-- One import at a time from here to its commit, so that vintages appear in the order of their numbers.
lock table imports in share row exclusive mode
