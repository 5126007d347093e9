# Workers in AWS; included by the Makefile.

DEPLOY := $(target)/deploy
PYTHON3 ?= python3
lambda_zip := $(DEPLOY)/composer-lambda.zip

$(DEPLOY)/venv/ready: deploy/requirements.txt
	@mkdir -p "$(DEPLOY)"
	@$(PYTHON3) -m venv "$(DEPLOY)/venv"
	@"$(DEPLOY)/venv/bin/pip" install --quiet --requirement deploy/requirements.txt
	@touch "$@"

.PHONY: lambda
lambda: setup ## the worker as a Lambda function's code: target/deploy/composer-lambda.zip
	$(CARGO) build --release --locked --no-default-features --features lambda --bin bootstrap
	@deploy/pack.sh "$(target)/release/bootstrap" "$(lambda_zip)"

.PHONY: deploy-check
deploy-check: $(DEPLOY)/venv/ready ## cfn-lint on deploy/template.yaml, and its times held against each other
	@"$(DEPLOY)/venv/bin/cfn-lint" deploy/template.yaml
	@"$(DEPLOY)/venv/bin/python" deploy/check.py

.PHONY: deploy-trial
deploy-trial: lambda $(DEPLOY)/venv/ready ## the template and the code on an AWS in a box: S3 -> SQS -> Lambda, and what dies
	$(CARGO) build --release --locked --no-default-features --features lambda
	$(CARGO) test --locked --no-default-features --features lambda --lib --test jobs_queue
	@"$(DEPLOY)/venv/bin/python" deploy/trial.py "$(composer)" "$(lambda_zip)"
