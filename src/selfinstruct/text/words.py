"""The English words by which `phrases` finds a verb and its object, and the forms of them."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VERBS = _words(
    """
    abbreviate abstract accept accuse achieve act adapt add address adjust admit advertise advise advocate affect
    agree align allocate allow alphabetize alter analyse analyze animate annotate announce anonymize answer anticipate
    apologize appear apply appraise approve approximate argue arrange ask assemble assert assess assign assist assume
    attach attribute audit author automate avoid award
    bake balance ban base be become beat begin belong benefit blend book boost borrow brainstorm break bridge brief
    bring broadcast budget build buy
    calculate call capitalize capture care carry cast catch categorise categorize cause caution celebrate challenge
    change characterize chart check choose chronicle cite clarify classify clean climb close code coin collect color
    combine come comment commit communicate compare compile complete compliment comply compose compress compute
    concatenate conceive conclude condense conduct confirm congratulate conjugate connect consider consist construct
    contain continue contract contrast contribute convert convey convince cook copy correct cost count cover craft
    create criticise criticize critique crop cross cure customize cut
    date deal debate debug decide declare decline decode decompose decorate decrease decrypt deduce deduplicate defend
    define delete deliver demonstrate depict deploy derive describe deserve design detail detect determine develop
    devise diagnose dictate die differ differentiate diffuse discover discuss display dissolve distinguish divide do
    document double draft dramatize draw drink drive drop dry
    earn eat edit educate elaborate elect eliminate emphasize employ enable encode encourage encrypt end enforce
    engage enhance enjoy ensure enter entertain enumerate equal equip erase establish estimate evaluate evolve examine
    exchange execute exist expand expect experience explain explore express extend extract
    fact-check factor factorise factorize fall feed feel figure file fill filter finalize find finish fit fix flag
    flip float flow fly focus fold follow force forecast form format formulate forward free freeze fry fulfil fulfill
    gather gauge generalize generate get give go grade graph greet group grow guess guide
    handle hang happen harm have hear help hide highlight hint hold host hypothesize
    identify illustrate imagine imitate implement improve improvise include incorporate increase indicate infer
    influence inform insert inspect inspire install instruct integrate intend interpret interview introduce invent
    invert invest invite involve isolate itemize
    join jot judge justify
    keep kill know
    label last laugh launch lay lead learn leave lend lengthen let lie lift like limit line link list listen live load
    locate log look lose love lower
    maintain make manage map mark match mean measure meet melt memorize mention merge migrate mimic minimize mix model
    modernize modify monitor move multiply
    name narrate need negotiate normalise normalize note number
    obtain occur offer omit open operate optimise optimize order organise organize orient outline overcome own
    pack paint pair paraphrase parse pass pay peel perform permit persuade phrase pick pitch place plan plant play
    plot point polish port pose post practice practise predict prefer prepare present pretend preserve prevent print
    prioritise prioritize process produce program promote pronounce proofread propose protect prove provide publish pull
    punctuate purchase push put
    qualify quantify quiz quote
    raise randomize rank rate reach react read realize rearrange reason rebut recall receive recite recognise recognize
    recommend reconcile reconstruct record recount recover recycle redact redesign reduce refactor refer refine reflect
    reformat reformulate refute register regulate reimagine reject relate relax release remain remember remind remove
    rename render reorder reorganize repair repeat rephrase replace reply report represent reproduce request require
    rescale research resolve respond restate restore restructure restrict result retain retell rethink retrieve return
    reveal reverse review revise rewrite reword rhyme ride ripen rise roast role-play roleplay roll rotate round route
    run rust
    sail sample save say scale scan schedule score scramble script search see segment select sell send separate serve
    set settle shape share shift shorten show shuffle sign signal simplify simulate sing sink sketch skip sleep smell
    solve soften sort sound speak specify speed spell spend split spot stack stage standardize start state stay steal
    stop store structure study style subtract succeed suggest suit sum summarise summarize supply support suppose
    survive swap swim switch symbolize sync synthesize
    tabulate tag tailor take talk taste teach tell test thank think throw tidy title toast touch trace track train
    transcribe transfer transform translate transpose travel treat trigger trim troubleshoot truncate try tune turn
    tweak type
    understand undo unpack unscramble update upgrade urge use
    validate value vary verify vote
    wait walk want warm warn wash waste watch water wear weigh welcome win wish wonder word work worry write yield
    """
)
"""Base forms, of questions too; an imperative starts with one of them."""

NOT_FIRST = _words("be book fact free last like mean own result reason suppose value water word line assume")
"""Verbs that do not open an instruction, or not as its task."""

BOTH = _words("can will may might must could would should shall need dare")

IRREGULAR = {
    "is": "be", "are": "be", "was": "be", "were": "be", "am": "be", "been": "be", "being": "be", "has": "have",
    "had": "have", "does": "do", "did": "do", "done": "do", "goes": "go", "went": "go", "gone": "go", "made": "make",
    "wrote": "write", "written": "write", "won": "win", "took": "take", "taken": "take", "gave": "give",
    "given": "give", "came": "come", "became": "become", "began": "begin", "broke": "break", "brought": "bring",
    "built": "build", "bought": "buy", "caught": "catch", "chose": "choose", "drew": "draw", "drove": "drive",
    "ate": "eat", "fell": "fall", "felt": "feel", "found": "find", "flew": "fly", "froze": "freeze", "got": "get",
    "grew": "grow", "held": "hold", "kept": "keep", "knew": "know", "led": "lead", "left": "leave", "lost": "lose",
    "meant": "mean", "met": "meet", "paid": "pay", "ran": "run", "said": "say", "saw": "see", "sold": "sell",
    "sent": "send", "spoke": "speak", "spent": "spend", "stole": "steal", "taught": "teach", "told": "tell",
    "thought": "think", "threw": "throw", "understood": "understand", "wore": "wear", "lay": "lie", "sang": "sing",
}  # fmt: skip

POLITE = _words(
    "please kindly now then first next also finally lastly secondly afterwards again just simply briefly carefully"
    " so and quickly clearly concisely accurately thoroughly hi hello hey ok okay well always politely"
)
"""Words before a verb that are not of its clause."""

CLAUSE = _words(
    "given using based in for with from on at by if when after before while as considering assuming suppose supposing"
    " imagine pretend without under within regarding following during once because since about between according"
    " assume to consider against among unlike like instead until whenever although despite besides read think"
)
"""Words that open a clause before the one with the task, which a comma, a colon or a full stop ends."""

PRONOUNS = _words("me us him them you it myself yourself himself herself themselves itself")
DETERMINERS = _words(
    "a an the this that these those my your his her its our their some any each every all both no another such what"
    " which whose several many few more most much one two three four five six seven eight nine ten eleven twelve"
    " fifteen twenty thirty fifty hundred either neither other enough less least exactly only roughly"
    " approximately just half very quite really"
)

ENDS = _words(
    "of for about in on with to from by at into as that which who whom whose where when why how whether if so because"
    " using without between after before while during based than until against among through over under across"
    " is are was were be has have had does do did can could will would should may might must there here then and or but"
    " it he she they we i you not within per via toward towards beside beneath along upon including such like versus"
    " vs since except unless though starting below above instead again together step"
)
"""Words that end a noun phrase."""

PARTICLES = _words("up out down off away back over together through apart around forward along")
"""Words that stand between a verb and its object."""

DITRANSITIVE = _words("give offer send show teach tell ask write buy lend hand")
"""Verbs whose object may stand behind the one it is for: give a child a book."""

ADJECTIVES = _words(
    "short long brief simple complex new old good bad best better clear plain fun funny witty detailed concise formal"
    " informal polite rude friendly casual creative original unique different similar common rare key main important"
    " healthy easy hard difficult quick slow cheap low high small large big little tiny huge great sad happy dark light"
    " bright young modern ancient famous popular interesting engaging compelling catchy persuasive convincing"
    " descriptive vivid humorous romantic fictional realistic imaginary possible potential appropriate suitable"
    " relevant specific general basic advanced correct right wrong true false full complete empty first second third"
    " last next final following given same single double whole entire fresh warm cold hot strong weak fair free"
    " low-cost open-ended three-course well-known late early daily weekly monthly yearly annual personal public"
    " private professional local national global international real fake fast safe precise exact rough vague ambiguous"
    " thoughtful heartfelt kind gentle firm serious sincere sweet spooky scary suspenseful comforting encouraging"
    " red blue green yellow white black better faster slower larger smaller longer shorter"
)
"""After one of these, an `and`, an `or` or a comma does not end a noun phrase."""

GERUNDS = _words(
    "shopping marketing training meeting building cooking reading writing running engineering learning programming"
    " thinking feeling warning greeting setting ending opening heading painting drawing wedding morning evening"
    " beginning meaning spelling pricing parking saving string spring thing something nothing anything everything king"
    " ring wing sibling ceiling packing travelling traveling camping hiking gardening landing fundraising onboarding"
    " advertising banking birthing bowling briefing clothing coding coping dancing earning finding fishing filing"
    " housing icebreaker knitting lighting listing nursing offering outing planning posting pudding ranking rating"
    " recording recycling riding saying scheduling seating serving sewing shipping sibling singing sleeping swimming"
    " teaching timing tracking typing understanding wording working"
)
"""Nouns that look like verbs in -ing."""

FOREIGN = _words(
    "el la los las un una unos unas lo del al y que por para con una le les des du et est dans pour avec sur qui der"
    " die das den dem des ein eine einen einem einer und ist nicht mit von zu im auf für il gli uno di che per della"
    " dei het een en van voor niet um uma os dos da do na no em mais não och att det som ett på med og til ikke je ne"
    " vous votre ihr mir dir su sus cette ce ces mon ma mes notre leur deux trois drei zwei dos tres em o as e"
)
"""Small words of other languages that use our letters."""

ENGLISH = _words(
    "the a an of and to in for with that this is are these those your my their his her its from by on at about or as"
    " how what why which who when where can you me i it be if so into two three not does do give using between each"
)
"""Small words of English."""

PLURALS = {
    "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth", "mice": "mouse",
    "geese": "goose", "criteria": "criterion", "phenomena": "phenomenon", "analyses": "analysis", "theses": "thesis",
    "hypotheses": "hypothesis", "parentheses": "parenthesis", "synopses": "synopsis", "crises": "crisis",
    "indices": "index", "matrices": "matrix", "vertices": "vertex", "leaves": "leaf", "lives": "life",
    "knives": "knife", "wives": "wife", "halves": "half", "shelves": "shelf", "wolves": "wolf", "thieves": "thief",
    "movies": "movie", "cookies": "cookie", "ties": "tie", "pies": "pie", "calories": "calorie", "selfies": "selfie",
    "potatoes": "potato", "tomatoes": "tomato", "heroes": "hero", "echoes": "echo", "buses": "bus", "gases": "gas",
    "biases": "bias", "statuses": "status", "viruses": "virus", "bonuses": "bonus", "campuses": "campus",
    "quizzes": "quiz", "diagnoses": "diagnosis", "zombies": "zombie", "bases": "basis", "smoothies": "smoothie",
}  # fmt: skip
SINGULAR = _words(
    "series species news lens bias gas bus canvas atlas christmas always perhaps physics mathematics economics politics"
    " ethics statistics athletics gymnastics logistics alias chaos kudos cosmos texas paris plus pus yes thanks"
    " diabetes headquarters scissors trousers pants glasses clothes goods basics has was is means s"
)
"""Words in -s that are not plurals of others, or not used without it."""


def base_form(word: str) -> str:
    """The base form of a verb; empty if the word is not a form of a known one."""
    if word in VERBS:
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    for ending, instead in (("ies", "y"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", ""), ("ed", "e"), ("es", "e")):
        if word.endswith(ending) and word[: -len(ending)] + instead in VERBS:
            return word[: -len(ending)] + instead
    return ""


def singular(noun: str) -> str:
    """An English noun without its plural ending."""
    if noun in PLURALS:
        return PLURALS[noun]
    if not noun.endswith("s") or noun in SINGULAR or noun.endswith(("ss", "us", "is")) or len(noun) < 4:
        return noun.removesuffix("'s").removesuffix("’s")
    if noun.endswith("'s"):
        return noun[:-2]
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    if noun.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return noun[:-2]
    return noun[:-1]
