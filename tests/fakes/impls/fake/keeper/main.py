from speaker import Keeper

Keeper().run()
