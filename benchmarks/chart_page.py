"""Show one chart of made-up people and nothing else, as the app draws it: what benchmarks/pages.py times in a browser."""

import streamlit as st
from charts import made_up

from app import state, workbench

state.start()
nodes, edges = made_up(int(st.query_params["nodes"]), st.query_params["chart"])
workbench.draw(nodes, edges, key="chart")
