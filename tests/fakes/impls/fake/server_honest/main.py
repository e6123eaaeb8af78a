from serving import Server

Server().run()
