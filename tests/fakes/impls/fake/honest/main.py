from speaker import Honest

Honest().run()
