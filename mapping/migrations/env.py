"""Run the migrations on the connection that `mapping.store` gives them."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
