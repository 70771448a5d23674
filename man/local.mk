# man
dist_man_MANS += man/tscf.7 man/tscf-client.8 man/tscf-client.conf.5 man/tscf-run.1 man/tscf-server.8 man/tscf-server.conf.5
